//! What goes wrong outside of the program: loss of power, kill -9, failing calls, damaged bytes.
//!
//! The store runs on a simulated disk; small batches, small logs and narrow merges make every step of it happen within
//! a few hundred calls. What may be found afterwards is said once, in `oracle`.

mod corpus;
mod crash;
mod damage;
mod failing;
mod found;
mod history;
mod kill;
mod oracle;
mod random;
mod run;
