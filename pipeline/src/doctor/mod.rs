//! `doctor`: is everything that a service needs there, and what to do about what is not.
