//! Servers that refuse, die, stop, forget.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use rustix::process::Signal;

use super::*;

const PASSWORD: &str = "s3cret@/:%#? é";
const ENCODED: &str = "s3cret%40%2F%3A%25%23%3F%20%C3%A9";

/// What is told of a transaction that fails; never more than a line, never the password.
#[track_caller]
fn failure(store: &mut Redis) -> String {
    let told = add_one(store, "k").expect_err("a failure").0;
    assert!(!told.contains("s3cret") && !told.contains('\n'), "{told}");
    assert!(told.starts_with("cannot use the shared state at "), "{told}");
    told
}

#[track_caller]
fn fails(store: &mut Redis, why: &str) {
    let told = failure(store);
    assert!(told.ends_with(why), "{told}");
}

#[test]
fn a_password_is_asked_for() {
    let server = Server::start(&["--requirepass", PASSWORD]);
    let open = |query: &str| Redis::open(&format!("{}{query}", server.url())).unwrap();
    fails(&mut open(""), "password required");
    fails(&mut open("?pass=s3cret"), "wrong user or password");
    add_one(&mut open(&format!("?pass={ENCODED}&db=2")), "k").unwrap();
    fails(&mut open(&format!("?pass={ENCODED}&db=99")), "no database 99");

    let login = format!("?pass={ENCODED}");
    let bob = ["ACL", "SETUSER", "bob", "on", ">s3cret-bob", "~*", "+@all"];
    let _: String = server.ask_as(&login, &bob);
    let eve = ["ACL", "SETUSER", "eve", "on", ">s3cret-eve", "~*", "+auth"];
    let _: String = server.ask_as(&login, &eve);
    add_one(&mut open("?user=bob&pass=s3cret-bob"), "k").unwrap();
    fails(&mut open("?user=bob&pass=s3cret-eve"), "wrong user or password");
    fails(&mut open("?user=nobody&pass=s3cret"), "wrong user or password");
    let told = failure(&mut open("?user=eve&pass=s3cret-eve"));
    assert!(told.contains("permission denied"), "{told}");
}

#[test]
fn a_password_goes_over_tcp_too() {
    let (_server, port) = Server::start_on_port(&["--requirepass", PASSWORD]);
    add_one(&mut Redis::open(&format!("redis://:{ENCODED}@127.0.0.1:{port}")).unwrap(), "k").unwrap();
    let mut wrong = Redis::open(&format!("redis://default:s3cret@127.0.0.1:{port}/1")).unwrap();
    let told = failure(&mut wrong);
    assert!(told.contains(&format!("redis://default:***@127.0.0.1:{port}/1: wrong")), "{told}");
}

#[test]
fn a_login_that_the_server_does_not_know_is_not_repeated() {
    let server = Server::start(&["--rename-command", "AUTH", "HIDDEN"]);
    let mut store = Redis::open(&format!("{}?user=u&pass={ENCODED}", server.url())).unwrap();
    fails(&mut store, "login refused");
}

#[test]
fn no_server() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    fails(&mut Redis::open(&format!("redis://{address}")).unwrap(), "connection refused");
    fails(&mut Redis::open("redis+unix:///nowhere/r.sock").unwrap(), "no such socket");
    let told = failure(&mut Redis::open("redis://no-such-host.invalid").unwrap());
    assert!(told.contains("could not resolve host"), "{told}");
}

#[test]
fn what_is_not_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let speaker = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    fails(&mut Redis::open(&format!("redis://{address}")).unwrap(), "not a Redis server");
    speaker.join().unwrap();
}

/// A server that answers the first request with this, again and again, as long as it is read.
fn endless(answer: &'static [u8], pause: Duration) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        while stream.write_all(answer).is_ok() {
            std::thread::sleep(pause);
        }
    });
    address
}

#[test]
fn an_answer_without_an_end_is_given_up() {
    let line = vec![b'a'; 4096].leak();
    let numbers = b":1\r\n".repeat(1024).leak();
    let deep = b"*1\r\n".repeat(1024).leak();
    let huge = b"$2000000000\r\n".repeat(300).leak();
    for (first, answer) in
        [(&b"+"[..], &*line), (b"*2000000000\r\n", &*numbers), (b"", &*deep), (b"", &*huge)]
    {
        let all = [first, answer].concat().leak();
        let began = Instant::now();
        let address = endless(all, Duration::ZERO);
        failure(&mut Redis::open(&format!("redis://{address}")).unwrap());
        assert!(began.elapsed() < Duration::from_secs(15), "{:?} {:?}", first, began.elapsed());
    }
    // In crumbs.
    let began = Instant::now();
    let address = endless(b"a", Duration::from_millis(20));
    failure(&mut Redis::open(&format!("redis://{address}")).unwrap());
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn a_password_in_a_file_logs_in() {
    let server = Server::start(&["--requirepass", PASSWORD]);
    let file = server.directory.path().join("password");
    let open = || Redis::open(&format!("{}?password-file={}", server.url(), file.display())).unwrap();
    let told = failure(&mut open());
    assert!(told.contains("password file"), "{told}");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let mut store = open();
    add_one(&mut store, "k").unwrap();
    // All users of a server have one key for credentials.
    assert_eq!(store.secret(false), Ok(None));
    let secret = store.secret(true).unwrap();
    assert_eq!((open().secret(true), open().secret(false)), (Ok(secret.clone()), Ok(secret)));
}

#[test]
fn a_connection_that_died_is_made_again() {
    let mut server = Server::start(&[]);
    let mut store = server.open();
    add_one(&mut store, "k").unwrap();
    let _: u32 = server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
    add_one(&mut store, "k").unwrap();
    assert_eq!(count_of(&mut store, "k"), 2);

    server.kill();
    fails(&mut store, "connection refused");
    fails(&mut store, "connection refused");
    server.start_again();
    // Another server, and an empty one.
    add_one(&mut store, "k").unwrap();
    server.kill();
    server.start_again();
    add_one(&mut store, "k").unwrap();
    assert_eq!(count_of(&mut store, "k"), 1);
    assert!(store.entries().is_ok());
}

/// Between us and the server, which takes the second request on the first connection for the last word.
fn cut_answer(listener: &UnixListener, server: &std::path::Path) {
    for connection in 0..2 {
        let (mut client, _) = listener.accept().unwrap();
        let mut upstream = UnixStream::connect(server).unwrap();
        for request in 0.. {
            let mut bytes = vec![0; 65536];
            let length = client.read(&mut bytes).unwrap();
            if length == 0 {
                break;
            }
            upstream.write_all(&bytes[..length]).unwrap();
            let length = upstream.read(&mut bytes).unwrap();
            if (connection, request) == (0, 1) {
                break;
            }
            client.write_all(&bytes[..length]).unwrap();
        }
    }
}

#[test]
fn a_write_whose_answer_was_lost_is_not_made_twice() {
    let server = Server::start(&[]);
    add_one(&mut server.open(), "k").unwrap();
    let place = server.directory.path().join("between.sock");
    let listener = UnixListener::bind(&place).unwrap();
    let upstream = server.socket();
    let between = std::thread::spawn(move || cut_answer(&listener, &upstream));
    let mut store = Redis::open(&format!("redis+unix://{}", place.display())).unwrap();
    add_one(&mut store, "k").unwrap();
    drop(store);
    between.join().unwrap();
    assert_eq!(count_of(&mut server.open(), "k"), 2);
}

#[test]
fn a_stopped_server_costs_little_time() {
    let server = Server::start(&["--tcp-backlog", "1"]);
    let mut connected = server.open();
    add_one(&mut connected, "k").unwrap();
    server.signal(Signal::STOP);
    let began = Instant::now();
    fails(&mut connected, "no response within 2s");
    fails(&mut server.open(), "no response within 2s");

    // Nobody takes connections from its queue, which fills.
    let address = SocketAddrUnix::new(server.socket()).unwrap();
    let mut queue = Vec::new();
    loop {
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::io::ioctl_fionbio(&socket, true).unwrap();
        if rustix::net::connect(&socket, &address).is_err() {
            break;
        }
        queue.push(socket);
    }
    fails(&mut server.open(), "no connection within 2s");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    server.signal(Signal::CONT);
    drop(queue);
    // The answer that came too late is not taken for another one's.
    add_one(&mut connected, "k").unwrap();
    let count = count_of(&mut connected, "k");
    assert!((2..=4).contains(&count), "{count}");
}

#[test]
fn a_server_that_takes_no_writes() {
    let server = Server::start(&[]);
    let mut store = server.open();
    add_one(&mut store, "k").unwrap();
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    fails(&mut store, "out of memory (OOM)");
    assert_eq!(count_of(&mut store, "k"), 1, "reading works");
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    add_one(&mut store, "k").unwrap();
    let _: String = server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    fails(&mut store, "read-only replica (READONLY)");
    let _: String = server.ask(&["REPLICAOF", "NO", "ONE"]);
    add_one(&mut store, "k").unwrap();
    assert_eq!(count_of(&mut store, "k"), 3);
}
