//! Things that break while calls run: none loses a record, hangs another caller, leaks a process
//! or lets an unfiltered message pass.

mod callers;
mod children;
mod processes;
mod servers;
