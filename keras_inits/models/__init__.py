"""Sets the weights of whole models: rules, plan, draw, write, report."""
