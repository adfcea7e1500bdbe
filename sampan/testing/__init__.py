"""Recording fakes and conformance suites, imported only by tests."""
