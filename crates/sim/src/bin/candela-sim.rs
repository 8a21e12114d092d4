//! Runs seeds of the fault simulation: `candela-sim --first-seed A --seeds N
//! [--minutes M] [--threads T]`, or one in words: `candela-sim --tell SEED|FILE`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match sim::run::command::go(&words, None) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("candela-sim: {error:#}");
            ExitCode::from(2)
        }
    }
}
