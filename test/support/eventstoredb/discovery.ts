import gossip, { type ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js'
import features, {
  type SupportedMethods,
} from '@eventstore/db-client/generated/serverfeatures_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'

/** As 24.10 answers, as far as the client asks. */
export function supportedMethods(): SupportedMethods {
  const service = 'event_store.client.streams.streams'
  const methods = { append: [], batchappend: ['deadline_duration'], read: ['position', 'events'] }
  const answer = new features.SupportedMethods().setEventStoreServerVersion('24.10.0')
  for (const [name, supported] of Object.entries(methods))
    answer.addMethods(
      new features.SupportedMethod()
        .setServiceName(service)
        .setMethodName(name)
        .setFeaturesList([...supported]),
    )
  return answer
}

/** A cluster of one node, its leader. */
export function oneMember(port: number): ClusterInfo {
  const member = new gossip.MemberInfo()
    .setInstanceId(new shared.UUID().setString(crypto.randomUUID()))
    .setTimeStamp('0')
    .setState(gossip.MemberInfo.VNodeState.LEADER)
    .setIsAlive(true)
    .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port))
  return new gossip.ClusterInfo().setMembersList([member])
}
