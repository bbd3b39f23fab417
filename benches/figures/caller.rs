//! A running `benches/c/caller.c`, which makes calls when it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What a plugin that answers getppid itself answers.
pub(crate) const EMULATED: i64 = 4242;

/// The process. Ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Caller {
    child: Child,
    /// `None` when it is to end.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// What its calls return.
    pub(crate) result: i64,
    /// Whether its plugin has seen one of them.
    pub(crate) asked: bool,
}

impl Caller {
    /// Starts it. An error says why it cannot be run this way here.
    pub(crate) fn start(mut command: Command) -> Result<Caller, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let words: Vec<i64> = line.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [result, asked] = words[..] else {
            let mut why = String::new();
            child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            return Err(format!("{} {why}", child.wait().unwrap()));
        };
        Ok(Caller { child, stdin: Some(stdin), stdout, result, asked: asked == 1 })
    }

    /// Nanoseconds until each of this many threads has made this many calls.
    pub(crate) fn time(&mut self, threads: usize, calls: usize) -> f64 {
        writeln!(self.stdin.as_mut().unwrap(), "{threads} {calls}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().parse().unwrap_or_else(|_| panic!("the caller has ended: {:?}", self.child.wait()))
    }

    /// Nanoseconds a call, on one thread.
    pub(crate) fn a_call(&mut self, calls: usize) -> f64 {
        self.time(1, calls) / calls as f64
    }

    /// How many calls it makes in this many nanoseconds.
    pub(crate) fn calls_in(&mut self, nanoseconds: f64) -> usize {
        self.a_call(20);
        ((nanoseconds / self.a_call(20)) as usize).clamp(8, 20_000)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // It ends with its input, and so does who traces it.
        self.stdin = None;
        let _ = self.child.wait();
    }
}
