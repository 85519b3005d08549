//! Small schemas for tests.
