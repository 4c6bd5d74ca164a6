"""Ray: the connection, the stages made once, pools of actors, what of a node each takes."""
