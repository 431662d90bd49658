"""Words to MetricQuery and answers to words. Knows no domain: what things are called comes from the bundle."""
