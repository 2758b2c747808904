"""What is done with predictions: rules, pages, lists, sends, assortments, matches."""
