"""The parts of `routing.assign`: blocks of value, prices, candidates, drafts, moves, flow, exact paths, the bound."""
