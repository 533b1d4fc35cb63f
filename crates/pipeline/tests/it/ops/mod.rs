//! What operations rest on, against a real broker and Redis and a receiver that checks everything: accounting, notices, TLS.

mod accounting;
mod alerts;
mod consumer;
mod doctor;
mod events;
mod receiver;
mod tls;
mod upgrade;
