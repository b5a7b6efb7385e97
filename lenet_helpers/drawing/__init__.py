"""A drawing on its way to a network: into the form of MNIST, read, and shown."""
