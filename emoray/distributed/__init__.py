"""Ray: its connection, stages made once, pools of actors, the resources that each takes."""
