//! The HTTP server as its clients meet it: bytes over sockets of this machine.

mod cohorts;
mod dashboards;
mod durable;
mod exchange;
mod headers;
mod hostile;
mod keys;
mod limits;
mod lists;
mod pages;
mod people;
mod pressure;
mod same;
mod saved;
mod settings;
mod site;
mod stops;
