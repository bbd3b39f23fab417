//! A server that runs until nobody needs it any more.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Its process.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(super) fn start(mut command: Command, answers: impl Fn() -> bool) -> Result<Server, String> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server = Server { child: child.map_err(|error| error.to_string())? };
        for _ in 0..500 {
            if let Some(status) = server.child.try_wait().unwrap() {
                return Err(format!("{command:?}: {status}"));
            }
            if answers() {
                return Ok(server);
            }
            sleep(Duration::from_millis(10));
        }
        Err(format!("{command:?} does not answer"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Politely: a master of workers takes them with it.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(super) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
