"""The parts of `routing.assign`: blocks of value, prices, rounding, repair, exact paths, the bound."""
