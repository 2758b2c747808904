"""Tables, columns, keys, links and clocks: what the data is."""
