"""What words can mean under one bundle, compiled once, and what a particular caller may know of it."""
