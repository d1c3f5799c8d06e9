//! Bartizan as its callers and its people meet it: real HTTP, real tool servers, the real record.

mod access;
mod approvals;
mod bad_input;
mod corridor;
mod demo;
mod faults;
mod fidelity;
mod firewall;
mod limits;
mod reference;
mod reload;
mod support;
mod wrap;
