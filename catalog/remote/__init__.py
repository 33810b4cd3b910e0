"""What lies in a bucket, read and written: commits, packs and the index of each."""
