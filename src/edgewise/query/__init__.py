"""The predictive query language: parse, bind, compile to SQL, plan anchors."""
