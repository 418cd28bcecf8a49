import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import io.netty.channel.Channel;
import java.util.List;

/** mongo-java-server on the loopback port given as first argument, put right so far that driver 7 talks to it. */
class MongoStandIn {
  public static void main(String[] arguments) {
    new MongoServer(backend()).bind("127.0.0.1", Integer.parseInt(arguments[0]));
  }

  private static MemoryBackend backend() {
    var backend = new WithSessions();
    backend.version(new MongoFive());
    return backend;
  }
}

/** Its own newest version announces wire version 8; the driver wants 9 or more. */
class MongoFive implements MongoVersion {
  public List<Integer> getVersionArray() {
    return List.of(5, 0, 0);
  }

  public int getWireVersion() {
    return 13;
  }
}

/**
 * Sessions open and end. Transactions don't work: what they write lands outside them.
 * One command at a time, answered with copies: it changes documents in place, and would send what they are by then.
 */
class WithSessions extends MemoryBackend {
  @Override
  public synchronized Document handleCommand(
      Channel channel, String database, String command, Document query) {
    return switch (command.toLowerCase()) {
      case "hello", "ismaster" -> super.handleCommand(channel, database, "ismaster", query)
          .append("isWritablePrimary", true)
          .append("logicalSessionTimeoutMinutes", 30);
      case "endsessions" -> new Document("ok", 1.0);
      default -> super.handleCommand(channel, database, command, query).cloneDeeply();
    };
  }
}
