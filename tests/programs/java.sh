# A JVM: javac, then threads, locks, garbage collection, null checks by SIGSEGV, deep recursion, child processes, sockets.
# packages: openjdk-17-jdk-headless
# timeout: 240
set -e
cat >Main.java <<'java'
import java.io.*; import java.net.*; import java.nio.file.*; import java.util.*; import java.util.concurrent.*; import java.util.stream.*;
public class Main {
    static int depth(int n) { return depth(n + 1) + 1; }
    static int length(String s) { return s.length(); }
    public static void main(String[] args) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(50);
        List<Future<Long>> sums = new ArrayList<>();
        for (int i = 0; i < 200; i++) { int n = i; sums.add(pool.submit(() -> {
            long sum = 0; for (int j = 0; j < 20000; j++) { byte[] garbage = new byte[100 + j % 50]; sum += garbage.length + n; } return sum; })); }
        long all = 0; for (Future<Long> sum : sums) all += sum.get(); System.out.println("pool " + all);
        pool.shutdown(); System.out.println(pool.awaitTermination(10, TimeUnit.SECONDS));
        // Compiled null checks are loads that fault: the JVM's SIGSEGV handler looks at the program counter.
        int caught = 0; for (int i = 0; i < 20000; i++) { try { length(i % 100 == 99 ? null : "abc"); } catch (NullPointerException e) { caught++; } }
        System.out.println("null " + caught);
        try { depth(0); } catch (StackOverflowError e) { System.out.println("stack overflow"); }
        try { List<byte[]> l = new ArrayList<>(); while (true) l.add(new byte[1 << 20]); } catch (OutOfMemoryError e) { System.out.println("out of memory"); }
        for (int i = 0; i < 10; i++) { System.gc(); }
        System.out.println(IntStream.range(0, 1000000).parallel().mapToDouble(Math::sqrt).map(Math::floor).sum());
        for (int i = 0; i < 5; i++) { Process p = new ProcessBuilder("sh", "-c", "cat; exit " + i).start();
            p.getOutputStream().write("hello ".getBytes()); p.getOutputStream().close();
            System.out.println(new String(p.getInputStream().readAllBytes()) + p.waitFor()); }
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread t = new Thread(() -> { try { for (int i = 0; i < 20; i++) { try (Socket s = server.accept()) { s.getInputStream().transferTo(s.getOutputStream()); } } } catch (IOException e) { System.out.println(e); } }); t.start();
            int got = 0; for (int i = 0; i < 20; i++) { try (Socket s = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort())) {
                s.getOutputStream().write(new byte[5000]); s.shutdownOutput(); got += s.getInputStream().readAllBytes().length; } } t.join(); System.out.println("echo " + got); }
        Thread sleeper = new Thread(() -> { try { Thread.sleep(100000); } catch (InterruptedException e) { System.out.println("interrupted"); } }); sleeper.start(); sleeper.interrupt(); sleeper.join();
        for (int i = 0; i < 500; i++) { Thread t = new Thread(() -> {}); t.start(); t.join(); }
        Files.write(Path.of("file"), "text\n".getBytes()); System.out.println(Files.size(Path.of("file")));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("goodbye"))); System.exit(5);
    }
}
java
javac -J-Xmx300m -J-XX:+UseSerialGC Main.java
for collector in Serial G1 Parallel; do
    java -Xmx200m -XX:+Use${collector}GC Main || echo "java ended with $?"
done
