"""Cases about the sending side: the queue, next hops, notifications."""
