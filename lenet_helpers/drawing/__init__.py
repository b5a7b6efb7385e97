"""A drawing brought into the form of MNIST."""
