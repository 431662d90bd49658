"""The optional language model: asked when the parser is in doubt, never alone, and only ever for a MetricQuery that is judged like any other."""
