//! A gate that holds an origin's answer back until the test opens it.

use std::sync::{Arc, Condvar, Mutex};

use crate::deadline::PATIENCE;

/// Closed until it is opened; clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

// === impl Gate ===

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everybody through, now and from now on.
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub fn wait(&self) {
        let shut = self.0.0.lock().unwrap();
        let (open, _) = self
            .0
            .1
            .wait_timeout_while(shut, PATIENCE, |open| !*open)
            .unwrap();
        assert!(*open, "nobody opened the gate");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_goes_on_when_it_opens() {
        let gate = Gate::new();
        let waiter = std::thread::spawn({
            let gate = gate.clone();
            move || gate.wait()
        });
        gate.open();
        waiter.join().unwrap();
    }
}
