"""What is known of an energy surface after some evaluations, and relaxing on it between two of them."""
