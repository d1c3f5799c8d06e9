//! Bartizan as its callers and its people meet it: real HTTP, real tool servers, the real record.

mod access;
mod approvals;
mod bad_input;
mod classify;
mod clients;
mod commands;
mod corridor;
mod demo;
mod faults;
mod fidelity;
mod firewall;
mod forgery;
mod guides;
mod identity;
mod lifecycle;
mod limits;
mod pins;
mod reference;
mod reload;
mod revisions;
mod rules;
mod scan;
mod support;
mod wrap;
