//! `ping`: asks a host for echoes and prints what busybox's program of that name prints.
//!
//! Asks through a socket that the kernel lets ordinary users have (`ping_group_range`): a sandbox has no raw ones.

use std::fmt::Write as _;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, connect, recv, send, socket,
};

use crate::env::Env;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    host: String,
    /// How many echoes; without an end where there is none.
    count: Option<u16>,
    size: usize,
    interval: Duration,
    /// How long the last echo is waited for.
    patience: Duration,
    /// When all of it ends.
    deadline: Option<Duration>,
    is_quiet: bool,
}

/// What came back so far.
#[derive(Default)]
struct Tally {
    sent: u16,
    times: Vec<Duration>,
}

/// Why nothing more is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wake {
    Echo,
    Time,
    Interrupted,
}

const USAGE: &str = "Usage: ping [-c COUNT] [-s SIZE] [-i SECS] [-W SECS] [-w SECS] [-q] HOST";

/// Runs with the arguments after the name; returns the exit status: 1 where no echo came.
pub fn run(args: &[String], env: &mut Env) -> u8 {
    let options = match parse(args) {
        Ok(options) => options,
        Err(message) => {
            let _nobody_to_tell = writeln!(env.stderr, "{message}\n{USAGE}");
            return 1;
        }
    };
    let Some(ip) = resolve(&options.host) else {
        let _nobody_to_tell = writeln!(env.stderr, "ping: bad address '{}'", options.host);
        return 1;
    };
    let (socket, interrupts) = match open(ip) {
        Ok(open) => open,
        Err(error) => {
            let _nobody_to_tell = writeln!(env.stderr, "ping: sendto: {}", error.desc());
            return 1;
        }
    };
    let mut tally = Tally::default();
    let begun = print(env, &format!("PING {} ({ip}): {} data bytes\n", options.host, options.size));
    let asked = begun && ask(&options, ip, (&socket, &interrupts), &mut tally, env);
    let told = print(env, &statistics(&options.host, &tally));
    u8::from(!asked || !told || tally.times.is_empty())
}

fn parse(args: &[String]) -> Result<Options, String> {
    let seconds = |text: &str| text.parse::<f64>().ok().filter(|s| (0.0..1e9).contains(s)).map(Duration::from_secs_f64);
    let mut options = Options {
        host: String::new(),
        count: None,
        size: 56,
        interval: Duration::from_secs(1),
        patience: Duration::from_secs(10),
        deadline: None,
        is_quiet: false,
    };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-q" => options.is_quiet = true,
            "-4" | "-n" => {}
            word if word.starts_with('-') && word.len() > 1 && word.is_char_boundary(2) => {
                let (flag, attached) = word.split_at(2);
                if !["-c", "-s", "-i", "-W", "-w"].contains(&flag) {
                    return Err(format!("ping: invalid option -- '{}'", &flag[1..]));
                }
                let value = if attached.is_empty() { words.next().map(String::as_str) } else { Some(attached) };
                let value = value.ok_or_else(|| format!("ping: option requires an argument -- '{}'", &flag[1..]))?;
                let wrong = || format!("ping: invalid number '{value}'");
                match flag {
                    "-c" => options.count = Some(value.parse().map_err(|_| wrong())?).filter(|count| *count > 0),
                    "-s" => options.size = value.parse().ok().filter(|s| *s <= 1400).ok_or_else(wrong)?,
                    "-i" => options.interval = seconds(value).ok_or_else(wrong)?,
                    "-W" => options.patience = seconds(value).ok_or_else(wrong)?,
                    _ => options.deadline = Some(seconds(value).ok_or_else(wrong)?),
                }
            }
            host if options.host.is_empty() => host.clone_into(&mut options.host),
            _ => return Err("ping: one host at a time".to_owned()),
        }
    }
    if options.host.is_empty() { Err("ping: no host".to_owned()) } else { Ok(options) }
}

fn resolve(host: &str) -> Option<Ipv4Addr> {
    let found = (host, 0).to_socket_addrs().ok()?;
    found.filter_map(|a| if let SocketAddr::V4(a) = a { Some(*a.ip()) } else { None }).next()
}

/// A socket for echoes of a host, and one that hears of Ctrl-C: the statistics are still printed then.
fn open(ip: Ipv4Addr) -> nix::Result<(OwnedFd, SignalFd)> {
    let echoes = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp)?;
    connect(echoes.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(ip, 0)))?;
    let mut interrupt = SigSet::empty();
    interrupt.add(Signal::SIGINT);
    interrupt.thread_block()?;
    Ok((echoes, SignalFd::with_flags(&interrupt, SfdFlags::SFD_CLOEXEC)?))
}

/// Asks and prints until enough was asked; whether all could be printed.
fn ask(
    options: &Options,
    ip: Ipv4Addr,
    (echoes, interrupts): (&OwnedFd, &SignalFd),
    tally: &mut Tally,
    env: &mut Env,
) -> bool {
    let begin = now();
    let end = options.deadline.map(|deadline| begin + deadline);
    while options.count.is_none_or(|count| tally.sent < count) && end.is_none_or(|end| now() < end) {
        let sequence = tally.sent;
        let asked = now();
        // What cannot be sent is an echo that does not come.
        let _lost = send(echoes.as_raw_fd(), &request(sequence, options.size), MsgFlags::empty());
        tally.sent = tally.sent.wrapping_add(1);
        let is_last = options.count == Some(tally.sent);
        let mut until = asked + if is_last { options.patience } else { options.interval };
        until = end.map_or(until, |end| until.min(end));
        loop {
            match wait(echoes, interrupts, until) {
                Wake::Interrupted => return true,
                Wake::Time => break,
                Wake::Echo => {}
            }
            let Some((length, came)) = receive(echoes) else { continue };
            let took = now() - asked;
            if came == sequence {
                tally.times.push(took);
            }
            let text = format!("{length} bytes from {ip}: seq={came} ttl=64 time={:.3} ms\n", milliseconds(took));
            if !options.is_quiet && !print(env, &text) {
                return false;
            }
            if is_last && came == sequence {
                return true;
            }
        }
    }
    true
}

fn wait(echoes: &OwnedFd, interrupts: &SignalFd, until: Instant) -> Wake {
    let left = until.saturating_duration_since(now());
    let mut fds = [PollFd::new(echoes.as_fd(), PollFlags::POLLIN), PollFd::new(interrupts.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
    let _interrupted = poll(&mut fds, timeout);
    match (fds[0].any(), fds[1].any()) {
        (_, Some(true)) => Wake::Interrupted,
        (Some(true), _) => Wake::Echo,
        _ => Wake::Time,
    }
}

/// An echo request; the kernel fills in the checksum and its own identifier.
fn request(sequence: u16, size: usize) -> Vec<u8> {
    let mut packet = vec![8, 0, 0, 0, 0, 0];
    packet.extend(sequence.to_be_bytes());
    packet.resize(8 + size, 0);
    packet
}

/// The length and number of an echo; `None` for what is none, such as a host that nobody reaches.
fn receive(echoes: &OwnedFd) -> Option<(usize, u16)> {
    let mut packet = [0; 2048];
    let length = recv(echoes.as_raw_fd(), &mut packet, MsgFlags::MSG_DONTWAIT).ok()?;
    (length >= 8 && packet[0] == 0).then(|| (length, u16::from_be_bytes([packet[6], packet[7]])))
}

fn statistics(host: &str, tally: &Tally) -> String {
    let (sent, came) = (usize::from(tally.sent), tally.times.len());
    let lost = (sent - came.min(sent)) * 100 / sent.max(1);
    let mut text = format!(
        "\n--- {host} ping statistics ---\n{sent} packets transmitted, {came} packets received, {lost}% packet loss\n"
    );
    if let (Some(least), Some(most)) = (tally.times.iter().min(), tally.times.iter().max()) {
        let all: Duration = tally.times.iter().sum();
        let average = milliseconds(all) / came as f64;
        let _infallible = writeln!(
            text,
            "round-trip min/avg/max = {:.3}/{average:.3}/{:.3} ms",
            milliseconds(*least),
            milliseconds(*most)
        );
    }
    text
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn print(env: &mut Env, text: &str) -> bool {
    env.stdout.write_all(text.as_bytes()).and_then(|()| env.stdout.flush()).is_ok()
}

#[expect(clippy::disallowed_methods, reason = "how long an echo took is not the store's time")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_busyboxs() {
        let options = parsed("-c 3 -W1 -i 0.5 -q web-0.web").unwrap();
        assert_eq!((options.host.as_str(), options.count, options.is_quiet), ("web-0.web", Some(3), true));
        assert_eq!((options.patience, options.interval), (Duration::from_secs(1), Duration::from_millis(500)));
        assert_eq!(parsed("-c x h").unwrap_err(), "ping: invalid number 'x'");
        assert_eq!(parsed("-c").unwrap_err(), "ping: option requires an argument -- 'c'");
        assert_eq!(parsed("-Z h").unwrap_err(), "ping: invalid option -- 'Z'");
        assert!(parsed("").is_err() && parsed("a b").is_err());
    }

    #[test]
    fn statistics_are_busyboxs() {
        let tally = Tally { sent: 2, times: vec![Duration::from_micros(1500), Duration::from_micros(500)] };
        assert_eq!(
            statistics("h", &tally),
            "\n--- h ping statistics ---\n2 packets transmitted, 2 packets received, 0% packet loss\n\
             round-trip min/avg/max = 0.500/1.000/1.500 ms\n"
        );
        assert_eq!(
            statistics("h", &Tally { sent: 3, times: Vec::new() }),
            "\n--- h ping statistics ---\n3 packets transmitted, 0 packets received, 100% packet loss\n"
        );
    }
}
