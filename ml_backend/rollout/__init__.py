"""A version's way into Label Studio: predict, push, count, switch, tidy up. Resumable at any point."""
