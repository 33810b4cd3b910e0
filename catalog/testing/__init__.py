"""What tests of this package and of other stores need: a real S3 server, faults on demand, and the contract of a store.

==================  ======================================================================
`seaweed.Seaweed`   a real S3 server on this machine
`rclone.Rclone`     an S3 server that ignores conditional writes
`large_remote`      a remote of any number of keys, written in one go
`stub_server`       a server that answers what a test wants
`tap.Tap`           counts what goes over the line between a client and a server
`faults.FaultyStore`  fails, hangs, lies or dies at a chosen request of any store
`store_contract`    tests that each store must pass; needs pytest, the rest does not
==================  ======================================================================
"""
