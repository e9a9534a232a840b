"""Making the model: examples, network, teachers, export."""
