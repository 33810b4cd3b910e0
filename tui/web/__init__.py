"""The program in a browser on this machine."""
