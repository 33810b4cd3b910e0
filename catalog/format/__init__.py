"""The bytes of a remote: head, segments, packs and their names. Pure: nothing here asks a store."""
