import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Draw numbers in many threads, count them, and have another program sort the table. */
class Histogram {
  static TreeMap<Long, Integer> draw(int seed, int count) {
    var random = new Random(seed);
    var counts = new TreeMap<Long, Integer>();
    for (int i = 0; i < count; i++) counts.merge(Math.round(random.nextGaussian() * 4), 1, Integer::sum);
    return counts;
  }

  public static void main(String[] arguments) throws Exception {
    int count = Integer.parseInt(arguments[0]);
    var pool = Executors.newFixedThreadPool(16);
    List<Future<TreeMap<Long, Integer>>> parts =
        IntStream.range(0, 64).mapToObj(seed -> pool.submit(() -> draw(seed, count))).toList();
    var all = new TreeMap<Long, Integer>();
    for (var part : parts) part.get().forEach((bin, n) -> all.merge(bin, n, Integer::sum));
    pool.shutdown();

    String table = all.entrySet().stream().map(e -> e.getKey() + "," + e.getValue())
        .collect(Collectors.joining("\n", "", "\n"));
    Path unsorted = Files.createTempFile("histogram", ".csv");
    Files.writeString(unsorted, table);
    sort(unsorted, Path.of("histogram.csv"));
    Files.delete(unsorted);
    compress(Path.of("histogram.csv"), Path.of("histogram.zip"));
    System.out.println(all.size() + " bins, " + all.values().stream().mapToInt(n -> n).sum() + " numbers");
  }

  static void sort(Path from, Path to) throws IOException, InterruptedException {
    var sort = new ProcessBuilder("sort", "-t,", "-k2,2nr", "-k1,1n", from.toString());
    int status = sort.redirectOutput(to.toFile()).start().waitFor();
    if (status != 0) throw new IOException("sort: exit status " + status);
  }

  static void compress(Path from, Path to) throws IOException {
    try (var zip = new ZipOutputStream(Files.newOutputStream(to, StandardOpenOption.CREATE))) {
      var entry = new ZipEntry(from.toString());
      entry.setTime(0);
      zip.putNextEntry(entry);
      Files.copy(from, zip);
      zip.closeEntry();
    }
  }
}
