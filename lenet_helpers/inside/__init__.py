"""Looking inside a network: its layers, where a number comes from, what it mixes up."""
