"""Programs with named constraints, solved by HiGHS; where they conflict, which ones and what to relax."""
