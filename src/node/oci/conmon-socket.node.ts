/**
 * Talks to conmon's attach socket. It keeps packets apart (SOCK_SEQPACKET), which Node's sockets cannot; so a few lines of
 * perl or python, whichever the machine has, stand between: our pipes on one side, the socket on the other.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { ExecStreams } from "../../api/node-api.ts";
import { which } from "./detect.node.ts";

// Each packet begins with a byte: 2 is output, 3 is error output. The end of input is passed on by shutdown.
const perl = `use Socket; chdir $ARGV[0]; socket(my $s,AF_UNIX,SOCK_SEQPACKET,0) or die "$!\\n";
connect($s,pack_sockaddr_un("attach")) or die "$!\\n"; open(my $k,">&=",3); syswrite($k,"ok"); close $k; my $in=1;
while(1){ my $r=""; vec($r,fileno($s),1)=1; vec($r,0,1)=1 if $in; next if select($r,undef,undef,undef)<0;
if(vec($r,fileno($s),1)){ my $n=sysread($s,my $b,65536); last unless $n; my $f=ord($b)==3?\\*STDERR:\\*STDOUT; my $o=1;
while($o<$n){ my $w=syswrite($f,$b,$n-$o,$o); exit 1 unless $w; $o+=$w } }
if($in&&vec($r,0,1)){ my $n=sysread(STDIN,my $b,8192); if($n){ syswrite($s,$b,$n) or $in=0 } else { $in=0; shutdown($s,1) } } }`;

const python = `import os,select,socket,sys
os.chdir(sys.argv[1]); s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET); s.connect("attach"); os.write(3,b"ok"); os.close(3); i=[0]
while True:
  r,_,_=select.select([s]+i,[],[])
  if s in r:
    b=s.recv(65536)
    if not b: break
    f=2 if b[0]==3 else 1; b=b[1:]
    while b: b=b[os.write(f,b):]
  if 0 in r:
    b=os.read(0,8192)
    if b: s.send(b)
    else:
      i=[]; s.shutdown(socket.SHUT_WR)
`;

export type ConmonJoin = ChildProcessWithoutNullStreams;

/** Joins the conmon whose files are in `directory`. Resolves when it has taken the connection. Throws an Error. */
export function joinConmon(directory: string): Promise<ConmonJoin> {
  const perlPath = which("perl");
  const python3 = which("python3");
  if (!perlPath && !python3) throw new Error("attaching and terminals need perl or python3 on the node");
  const [program, flag, script] = perlPath ? [perlPath, "-e", perl] : [python3 as string, "-c", python];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [flag, script, directory], { stdio: ["pipe", "pipe", "pipe", "pipe"] }) as unknown as ConmonJoin;
    child.stdin.on("error", () => {});
    let complaint = "";
    const complain = (text: Buffer): void => void (complaint += text);
    child.stderr.on("data", complain);
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`cannot attach to the container: ${complaint.trim()}`)));
    child.stdio[3]?.once("data", () => {
      child.stderr.off("data", complain);
      child.stderr.pause();
      resolve(child);
    });
  });
}

/** Passes the client's window size on to the terminal that conmon holds. */
export function passResizes(directory: string, streams: ExecStreams): void {
  streams.onResize?.(({ width, height }) => {
    void tell(directory, `1 ${height} ${width}\n`).catch(() => {
      // The process has ended; its terminal has no size any more.
    });
  });
}

/** Writes to conmon's control pipe, without waiting for a conmon that is no more. */
export async function tell(directory: string, line: string): Promise<void> {
  const control = await open(join(directory, "ctl"), constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    await control.write(line);
  } finally {
    await control.close();
  }
}
