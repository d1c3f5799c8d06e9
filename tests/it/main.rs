//! Bartizan as its callers and its people meet it: real HTTP, real tool servers, the real record.

mod access;
mod approvals;
mod bad_input;
mod clients;
mod commands;
mod corridor;
mod demo;
mod faults;
mod fidelity;
mod firewall;
mod flow;
mod forgery;
mod identity;
mod limits;
mod pins;
mod reference;
mod reload;
mod revisions;
mod support;
mod wrap;
