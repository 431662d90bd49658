"""What the pages need of the house: Protocols that the real rooms and the tests' fakes both keep, and the shapes that they hand over."""
