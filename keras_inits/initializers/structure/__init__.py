"""Structure: kernels that copy, blur, interpolate or transform from the start."""
