//! The pod (P): holds the user, network, ipc and uts namespaces that its containers share, hands each caller to its
//! container, and ends with the last caller.
//!
//! Knows no mounts: those are a container's.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, readlink};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::socket::{Shutdown, shutdown};
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, UnlinkatFlags, dup2_stdin, execve, getegid, geteuid, setgroups, sethostname, unlinkat};

use super::failure::{Failure, Step};
use super::layer::PodFolder;
use super::mount::{bind, make_private, read_only};
use super::network::Link;
use super::pause::Pause;
use super::supervisor::{Asked, Call, Visit, accept};
use super::tree::Tree;
use super::wire::{self, Reply, Request, Role};
use super::{container, network, rootfs};

/// How often a pod without callers looks whether it may end, while somebody holds its lock.
const LEAVE_RETRY_MILLISECONDS: u16 = 10;

struct Pod {
    listener: OwnedFd,
    /// Hangs up when the supervisor dies.
    supervisor: OwnedFd,
    folder: PodFolder,
    lock: File,
    ip: Ipv4Addr,
    /// Keeps the pod's interface.
    _link: Link,
    containers: BTreeMap<String, Container>,
    /// Where its containers share their processes.
    pause: Option<Pause>,
    callers: Vec<Caller>,
    /// The last caller, who has left and waits for the pod's end.
    last: Option<Caller>,
}

/// Somebody who waits for a process to end, and in which container it runs.
struct Caller {
    container: String,
    connection: OwnedFd,
}

impl Caller {
    /// Closing would not do: the supervisor holds the first caller's connection as well.
    fn hang_up(&self) {
        let _gone = shutdown(self.connection.as_raw_fd(), Shutdown::Both);
    }
}

struct Container {
    manager: Pid,
    link: OwnedFd,
}

/// The word that makes the binary go on as the pod.
pub const POD: &str = "pod";

/// Makes the pod's namespaces, then goes on as [`main`] in a program image that cannot be written to.
///
/// A container's process can have its own image executed again (`#!/proc/self/exe`) and would then hold kstate's file on
/// the host: so that image comes from a read-only mount.
pub fn begin(listener: OwnedFd, supervisor: OwnedFd, first: Call) -> ! {
    let result = enter_namespaces().and_then(|()| go_on(&listener, &supervisor, &first));
    let Err(failure) = result;
    refuse_all(&listener, first, &failure)
}

fn go_on(listener: &OwnedFd, supervisor: &OwnedFd, first: &Call) -> Result<Infallible, Failure> {
    let (ours, theirs) = wire::pair().step("make a socket")?;
    let mut descriptors: Vec<RawFd> =
        [listener, supervisor, &first.connection].iter().map(|fd| fd.as_raw_fd()).collect();
    descriptors.extend(first.descriptors.iter().map(AsRawFd::as_raw_fd));
    wire::send(&ours, POD.as_bytes(), &descriptors).step("hand the socket on")?;
    dup2_stdin(&theirs).step("hand the socket on")?;
    let image = read_only_image()?;
    let arguments = [c"kstate", c"__sandbox", c"pod"];
    execve(&image, &arguments, &[] as &[&CStr]).step("start kstate again")
}

/// The path of kstate's own program on a read-only mount of its file.
fn read_only_image() -> Result<CString, Failure> {
    unshare(CloneFlags::CLONE_NEWNS).step("make a mount namespace")?;
    make_private().step("make the mounts private")?;
    let path = readlink("/proc/self/exe").step("find kstate's own program")?;
    let host = Tree::open(Path::new("/")).step("open the host's root")?;
    let (Some(text), Ok(c_path)) = (path.to_str(), CString::new(path.as_bytes())) else {
        return Err(Failure { step: "find kstate's own program".into(), cause: "its path is not text".into() });
    };
    let Ok(file) = host.handle(text) else {
        // The file was replaced since kstate was started: what is still running has no name left to be written by.
        return Ok(c"/proc/self/exe".to_owned());
    };
    bind(&file, &file).and_then(|()| read_only(&host, text)).step("mount kstate's own program read-only")?;
    Ok(c_path)
}

/// The pod, in its namespaces: takes what [`begin`] left on its stdin and serves callers until there are none.
pub fn main() -> Option<()> {
    let (_, descriptors) = wire::receive(std::io::stdin()).ok()??;
    dup2_stdin(open("/dev/null", OFlag::O_RDONLY, Mode::empty()).ok()?).ok()?;
    let mut descriptors = descriptors.into_iter();
    let (listener, supervisor, connection) = (descriptors.next()?, descriptors.next()?, descriptors.next()?);
    run(listener, supervisor, Call::read(connection, descriptors.collect())?)
}

fn run(listener: OwnedFd, supervisor: OwnedFd, first: Call) -> ! {
    let made =
        set_up(&first.request, &supervisor).and_then(|made| Ok((made, listener.try_clone().step("keep the socket")?)));
    match made {
        Ok(((folder, lock, link), listener)) => {
            let (containers, callers) = (BTreeMap::new(), Vec::new());
            let mut pod = Pod {
                listener,
                supervisor,
                folder,
                lock,
                ip: first.request.sandbox.ip,
                _link: link,
                containers,
                pause: None,
                callers,
                last: None,
            };
            pod.take(first);
            pod.serve()
        }
        Err(failure) => refuse_all(&listener, first, &failure),
    }
}

/// Everybody who waits hears why; the next one tries anew.
fn refuse_all(listener: &OwnedFd, first: Call, failure: &Failure) -> ! {
    let mut next = Some(first);
    while let Some(call) = next {
        wire::reply(&call.connection, &Reply::Refused(failure.clone()), &[]);
        next = if ready(listener) { caller(accept(listener)) } else { None };
    }
    std::process::exit(1)
}

fn caller(asked: Asked) -> Option<Call> {
    match asked {
        Asked::Exec(call) => Some(*call),
        Asked::Stop(_) | Asked::Connect(_) | Asked::Nothing => None,
    }
}

fn ready(fd: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|n| n > 0)
}

/// Sets the namespaces up and hands the listeners of the pod's servers to the supervisor.
fn set_up(request: &Request, supervisor: &OwnedFd) -> Result<(PodFolder, File, Link), Failure> {
    set_pdeathsig(Signal::SIGKILL).step("tie the pod to its supervisor")?;
    let folder = PodFolder::new(&request.home, &request.sandbox.pod_uid)?;
    let lock = folder.lock_file()?;
    sethostname(&request.sandbox.hostname).step("set the hostname")?;
    let link = network::set_up(request.sandbox.ip)?;
    let ends = [link.leaving.as_raw_fd(), link.entering.as_raw_fd()];
    wire::send(supervisor, &[wire::LINK], &ends).step("hand the network out")?;
    let listeners = request.sandbox.servers.iter().map(|server| network::listen(server.port));
    let listeners = listeners.collect::<std::io::Result<Vec<_>>>().step("listen on the emulated servers' ports")?;
    let descriptors: Vec<RawFd> = listeners.iter().map(AsRawFd::as_raw_fd).collect();
    wire::send(supervisor, b"L", &descriptors).step("hand the listeners out")?;
    Ok((folder, lock, link))
}

/// The pod's own user namespace, in which the caller is root, and the namespaces that it owns.
fn enter_namespaces() -> Result<(), Failure> {
    // Allowed to real root only; an ordinary user's groups stay, and are nobody's inside.
    let _ordinary_user = setgroups(&[]);
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).step("make a user namespace")?;
    rootfs::map_identity((0, 0), (user.as_raw(), group.as_raw()))?;
    let shared = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
    unshare(shared).step("make network, ipc and uts namespaces")
}

impl Pod {
    fn serve(&mut self) -> ! {
        loop {
            if self.callers.is_empty() {
                self.leave_if_unused();
            }
            let (asked, gone) = self.wait();
            if gone.contains(&self.supervisor.as_raw_fd()) {
                self.end();
            }
            self.containers.retain(|_, c| !gone.contains(&c.link.as_raw_fd()) || !reaped(c));
            self.take_leave(&gone);
            if asked {
                self.answer();
            }
        }
    }

    /// Whoever waits for a container that is gone is hung up on, and so is who has left, unless nobody else is there: that
    /// one waits for the pod's end.
    fn take_leave(&mut self, gone: &[RawFd]) {
        let containers = &self.containers;
        let stays = |c: &Caller| !gone.contains(&c.connection.as_raw_fd()) && containers.contains_key(&c.container);
        let (staying, leaving) = std::mem::take(&mut self.callers).into_iter().partition(stays);
        self.callers = staying;
        for caller in leaving {
            if containers.contains_key(&caller.container) && self.callers.is_empty() {
                self.last = Some(caller);
            } else {
                caller.hang_up();
            }
        }
    }

    /// Waits for something to happen: whether a caller came, and which connections hung up. What a caller says is for its
    /// container, which reads it.
    fn wait(&self) -> (bool, Vec<RawFd>) {
        let watch = |fd: &OwnedFd, events| libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
        let links = self.containers.values().map(|c| &c.link);
        let watched = links.chain(self.callers.iter().map(|c| &c.connection)).chain([&self.supervisor]);
        let mut fds = vec![watch(&self.listener, libc::POLLIN)];
        fds.extend(watched.map(|fd| watch(fd, libc::POLLRDHUP)));
        let timeout = if self.callers.is_empty() { LEAVE_RETRY_MILLISECONDS.into() } else { -1 };
        let count = libc::nfds_t::try_from(fds.len()).unwrap_or_default();
        // SAFETY: so many structures are at that place, and outlive the call.
        if unsafe { libc::poll(fds.as_mut_ptr(), count, timeout) } < 1 {
            return (false, Vec::new());
        }
        let gone = fds[1..].iter().filter(|p| p.revents != 0).map(|p| p.fd).collect();
        (fds[0].revents != 0, gone)
    }

    fn answer(&mut self) {
        match accept(&self.listener) {
            Asked::Exec(call) => self.take(*call),
            Asked::Stop(_until_the_end) => self.end(),
            Asked::Connect(visit) => self.let_in(&visit),
            Asked::Nothing => {}
        }
    }

    /// Connects a visitor to a program of the pod; who gets no descriptor was refused.
    fn let_in(&self, visit: &Visit) {
        let ip = if visit.inside { Ipv4Addr::LOCALHOST } else { self.ip };
        let stream = network::connect(ip, visit.port);
        let descriptors: Vec<RawFd> = stream.iter().map(AsRawFd::as_raw_fd).collect();
        let _gone = wire::send(&visit.connection, &[wire::CONNECT], &descriptors);
    }

    /// Hands a caller to its container, which is made where it is not there yet.
    fn take(&mut self, call: Call) {
        match self.hand_over(&call) {
            Ok(()) => {
                self.last.take().iter().for_each(Caller::hang_up);
                self.callers.push(Caller { container: call.request.sandbox.container, connection: call.connection });
            }
            Err(failure) => wire::reply(&call.connection, &Reply::Refused(failure), &[]),
        }
    }

    fn hand_over(&mut self, call: &Call) -> Result<(), Failure> {
        let name = &call.request.sandbox.container;
        if call.request.role == (Role::Main { again: true })
            && let Some(before) = self.containers.remove(name)
        {
            // Made by a guest that came between two runs: it is hung up on, and asks again where nothing was started.
            reaped(&before);
            self.callers.iter().filter(|c| c.container == *name).for_each(Caller::hang_up);
            self.callers.retain(|c| c.container != *name);
        }
        if !self.containers.contains_key(name) {
            if call.request.role == Role::Probe {
                return Err(wire::not_running());
            }
            self.make_room_for(name, &call.request)?;
            let target = self.namespace_of_target(&call.request)?;
            let shared = self.pause.as_ref().map(|pause| &pause.namespace).or(target.as_ref());
            let container = start_container(shared)?;
            self.containers.insert(name.clone(), container);
        }
        let mut descriptors = vec![call.connection.as_raw_fd()];
        descriptors.extend(call.descriptors.iter().map(AsRawFd::as_raw_fd));
        let link = self.containers.get(name).map(|c| &c.link);
        link.map_or(Err(Errno::ECHILD), |link| wire::send(link, &[wire::EXEC], &descriptors))
            .step("hand the command to the container")
    }

    /// The pid namespace of the container that another one asks to look into. Its caller has seen to it that it is there.
    fn namespace_of_target(&self, request: &Request) -> Result<Option<OwnedFd>, Failure> {
        let Some(target) = &request.sandbox.target else { return Ok(None) };
        let step = "join the target's processes";
        let manager = self.containers.get(&target.container).map(|container| container.manager);
        let path = format!("/proc/{}/ns/pid_for_children", manager.ok_or(Errno::ESRCH).step(step)?);
        open(path.as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).step(step).map(Some)
    }

    /// Where containers share their processes, a new one takes the place of what stood in for it.
    fn make_room_for(&mut self, container: &str, request: &Request) -> Result<(), Failure> {
        let Some(companions) = &request.sandbox.companions else { return Ok(()) };
        if self.pause.is_none() {
            self.pause = Some(Pause::start(companions)?);
        }
        self.pause.iter_mut().for_each(|pause| pause.make_room_for(container));
        Ok(())
    }

    /// Ends the pod, unless somebody is about to come: whoever comes holds the lock until the connection stands.
    fn leave_if_unused(&mut self) {
        if self.lock.try_lock().is_err() {
            return;
        }
        if ready(&self.listener) {
            let _still_ours = self.lock.unlock();
            return;
        }
        self.end();
    }

    fn end(&mut self) -> ! {
        for container in self.containers.values() {
            hang_up_on(container);
        }
        for container in self.containers.values() {
            let _gone = waitpid(container.manager, None);
        }
        self.pause.iter().for_each(Pause::end);
        for name in self.containers.keys() {
            rootfs::open_scratch(&self.folder.container(name));
        }
        let _gone = self.folder.socket().map(|(folder, _)| unlinkat(&folder, "socket", UnlinkatFlags::NoRemoveDir));
        std::process::exit(0)
    }
}

/// A container whose pod has nothing more to say ends what runs in it, and itself.
fn hang_up_on(container: &Container) {
    let _gone_already = shutdown(container.link.as_raw_fd(), Shutdown::Both);
}

fn reaped(container: &Container) -> bool {
    hang_up_on(container);
    waitpid(container.manager, None).is_ok()
}

/// Forks the manager of a new container, in a mount namespace of its own.
fn start_container(shared: Option<&OwnedFd>) -> Result<Container, Failure> {
    let (ours, theirs) = wire::pair().step("make a socket")?;
    match clone(libc::CLONE_NEWNS).step("make a mount namespace")? {
        None => container::run(&theirs, shared),
        Some(manager) => Ok(Container { manager, link: ours }),
    }
}

/// Forks into new namespaces; gives the child's pid, and `None` to the child.
pub fn clone(namespaces: libc::c_int) -> nix::Result<Option<Pid>> {
    // SAFETY: without a stack and without CLONE_VM this is fork, and this process has one thread.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::c_long::from(namespaces | libc::SIGCHLD), 0, 0, 0, 0) };
    let pid = Errno::result(pid)?;
    Ok((pid != 0).then(|| Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))))
}
