"""What is asked, of whom, when, and what came true."""
