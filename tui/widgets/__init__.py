"""The parts of the screen that draw; they are told what to show and say what was done to them."""
