"""What `calibrate` does at each kind of layer as a forward pass reaches it."""
