"""What is shown: documents, their projections, the projector that folds them, and the live sets."""
