"""How good predictions are: metrics of classification, regression and clustering, and their curves and matrices."""
