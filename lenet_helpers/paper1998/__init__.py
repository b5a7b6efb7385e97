"""The networks, the training and the table of results of the 1998 paper, for lesson 07."""
