"""What lies in a bucket: heads, packs, segments and commits, and how to read and write them."""
