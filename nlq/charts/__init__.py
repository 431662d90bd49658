"""Pictures of an answer: bars and lines as Vega-Lite, light and dark, and what they share."""
